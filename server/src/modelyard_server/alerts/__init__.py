"""Rules over what monitoring stores, alerts with their story, and the peace and quiet around them.

Owns: rules and what each remembers, alerts, their timeline, silences, the workspace's policy.
Invariants: an alert fires only after its condition held for the rule's time, and ends only after it
was clear for the recovery time; no data never ends an alert; one open alert per deployment and
cause; every notice leaves in the transaction of the change it tells of; a rule is evaluated by one
process at a time.
Facts emitted: none; notices go to `notifications`.
"""
