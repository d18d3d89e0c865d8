import { useEffect, useRef, useState } from "react";
import { type LiveState, Stream } from "./stream";

/** Follows one address while the component is shown; gives whether the stream is open. */
export function useStream(
  address: string,
  names: readonly string[],
  hear: (name: string, data: unknown) => void,
): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const latest = useRef(hear);
  const events = names.join();
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => {
    const stream = new Stream(events.split(","), (name, data) => latest.current(name, data));
    const forget = stream.subscribe(() => setState(stream.state));
    stream.follow(address);
    return () => {
      forget();
      stream.close();
    };
  }, [address, events]);
  return state;
}
