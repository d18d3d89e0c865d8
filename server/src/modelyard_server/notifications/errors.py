"""What notifications refuse."""

from modelyard_server.kernel.errors import Conflict, Invalid, NotFound, QuotaExceeded


class ChannelMissing(NotFound):
    code = "notifications.channel_not_found"


class ChannelNameTaken(Conflict):
    code = "notifications.name_taken"


class ChannelIncomplete(Invalid):
    code = "notifications.channel_incomplete"


class TooManyChannels(QuotaExceeded):
    code = "notifications.too_many_channels"


class DeliveryMissing(NotFound):
    code = "notifications.delivery_not_found"


class NothingToReplay(Conflict):
    code = "notifications.not_a_dead_letter"


class NothingToSign(Conflict):
    code = "notifications.no_signing_secret"


class NoMailServer(Conflict):
    code = "notifications.no_mail_server"
