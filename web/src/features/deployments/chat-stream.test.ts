import { expect, test } from "vitest";
import { eventsOf } from "./chat-stream";

const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(control) {
      for (const chunk of chunks) control.enqueue(chunk);
      control.close();
    },
  });

test("events are whole wherever the network cut them, also inside a letter", async () => {
  const bytes = new TextEncoder().encode(
    'data: {"a": "é"}\n\n: quiet\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n',
  );
  for (let at = 1; at < bytes.length; at++) {
    const found: unknown[] = [];
    for await (const event of eventsOf(streamOf(bytes.slice(0, at), bytes.slice(at))))
      found.push(event);
    expect(found).toEqual([{ a: "é" }, { b: 2 }]);
  }
});
