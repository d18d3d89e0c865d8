export type LiveState = "off" | "connecting" | "live";
type Hear = (name: string, data: unknown) => void;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** One event stream: comes back after breaks where it was, and lets go while the tab is hidden. */
export class Stream {
  private source: EventSource | null = null;
  private wanted = "";
  private address = "";
  private position = "";
  private retryMs = FIRST_RETRY_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listeners = new Set<() => void>();
  state: LiveState = "off";

  private readonly names: readonly string[];
  private readonly hear: Hear;

  constructor(names: readonly string[], hear: Hear) {
    this.names = names;
    this.hear = hear;
    document.addEventListener("visibilitychange", this.connect);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Follows an address from now on; "" follows nothing. */
  follow(address: string): void {
    this.wanted = address;
    this.connect();
  }

  close(): void {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.connect);
    this.source?.close();
    this.source = null;
  }

  private say(state: LiveState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  /** A hidden tab lets its connection go: browsers allow six to one server. */
  private connect = (): void => {
    clearTimeout(this.timer);
    const address = document.hidden ? "" : this.wanted;
    if (address === this.address && this.source) return;
    this.source?.close();
    this.source = null;
    this.address = address;
    if (address === "" || typeof EventSource === "undefined") {
      this.say("off");
      return;
    }
    this.say("connecting");
    const at = this.position ? `&position=${encodeURIComponent(this.position)}` : "";
    const source = new EventSource(address + at);
    this.source = source;
    source.onopen = () => {
      this.retryMs = FIRST_RETRY_MS;
      this.say("live");
    };
    source.onerror = () => this.broken(source);
    for (const name of [...this.names, "end"])
      source.addEventListener(name, (message) => this.received(name, message));
  };

  private received(name: string, message: MessageEvent<string>): void {
    this.position = message.lastEventId || this.position;
    if (name !== "end") {
      this.hear(name, JSON.parse(message.data));
      return;
    }
    this.source?.close();
    this.say("off");
  }

  /** Browsers come back by themselves after a break, but not after a refusal. */
  private broken(source: EventSource): void {
    if (source !== this.source) return;
    this.say("connecting");
    if (source.readyState !== EventSource.CLOSED) return;
    this.source = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.connect, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }
}
