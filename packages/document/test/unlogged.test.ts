import { expect, test } from "@jest/globals";
import { compileDocument, defineDocument, t } from "../src/index.ts";

const definition = defineDocument({
  space: "unlogged",
  createsOnDemand: true,
  state: { count: t.int(), names: t.map(t.string()) },
  messages: (message) => ({
    add: message((doc, _arg, ctx) => {
      doc.count += 1;
      doc.names.set(`n${doc.count}`, "x");
      return ctx.random.below(2);
    }),
  }),
});

test("a document type without a log writes no patches, and tells viewers the same", () => {
  const principal = { agent: "ann", authority: "dev" };
  const told = [true, false].map((isLogged) => {
    const runtime = compileDocument(definition, {}, { isLogged });
    const instance = runtime.open({ space: "unlogged", key: "k" }, { seq: 0, isDeleted: false, patches: [] });
    const frames: unknown[] = [];
    let patchBytes = 0;
    const turn = (marker: string): void => {
      expect(instance.execute({ kind: "message", principal, message: "add", marker }, 0).status).toBe("done");
      const patch = instance.takePatch()!;
      expect([patch.fromSeq, patch.toSeq, patch.deletes]).toEqual([instance.seq - 1, instance.seq, false]);
      patchBytes += patch.data.length;
      expect(instance.takePatch()).toBeUndefined();
      instance.deliver(0, (_viewers, { data }) => frames.push(JSON.parse(new TextDecoder().decode(data))));
    };
    turn("m1");
    instance.attach({ id: "v", principal, hashEvery: true, credit: 100 });
    turn("m2");
    turn("m3");
    expect(patchBytes > 0).toBe(isLogged);
    return frames;
  });
  expect(told[0]).toHaveLength(2);
  expect(told[1]).toEqual(told[0]);
});
