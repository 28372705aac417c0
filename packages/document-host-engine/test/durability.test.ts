import { expect, test } from "@jest/globals";
import { TestBed } from "./support/test-bed.ts";

test("credit that arrives while an append is in flight shows nothing, also not when the append then fails", async () => {
  const bed = new TestBed();
  const { stream, connection } = bed.connect({ credit: 1 });
  bed.send("add", { by: 1 });
  await bed.settle();
  expect(stream.frames.length).toBe(1);

  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 10 });
  await held.reached;
  stream.credit += 5;
  connection.creditGrew();
  connection.resync();
  await bed.settle();
  expect(stream.frames.length).toBe(1);

  // Somebody else takes the document before the append arrives.
  await bed.log.open({ space: "fake", key: "d1" }, "host-2");
  bed.routing.name("host-2", 2);
  held.release();
  await bed.settle();
  expect(stream.frames.length).toBe(1);
  expect(stream.endCode).toBe("moving");
});

test("credit that arrives while an append is in flight counts from the durable point on", async () => {
  const bed = new TestBed();
  const { stream, connection } = bed.connect({ credit: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 7 });
  await held.reached;
  stream.credit += 1;
  connection.creditGrew();
  await bed.settle();
  expect(stream.frames.length).toBe(1);
  held.release();
  await bed.settle();
  expect(stream.view["value"]).toBe(7);
});

test("credit for a viewer that has some left takes no turn, and counts", async () => {
  let turns = 0;
  const run = <T>(work: () => T): T => {
    turns++;
    return work();
  };
  const bed = new TestBed({ guard: { run } });
  const { stream, connection } = bed.connect({ credit: 2 });
  await bed.settle();
  const before = turns;
  stream.credit += 2;
  connection.creditGrew();
  await bed.settle();
  expect(turns).toBe(before);
  for (let by = 1; by <= 3; by++) {
    bed.send("add", { by });
    await bed.settle();
  }
  expect([stream.frames.length, stream.view["value"]]).toEqual([4, 6]);
});

test("a viewer that connects while an append is in flight waits for the durable point", async () => {
  const bed = new TestBed();
  bed.send("add", { by: 1 });
  await bed.settle();
  const held = bed.log.faults.holdNext("append");
  bed.send("add", { by: 1 });
  await held.reached;
  const { stream } = bed.connect();
  await bed.settle();
  expect(stream.frames).toEqual([]);
  held.release();
  await bed.settle();
  expect(stream.view).toMatchObject({ "@s": 3, value: 2 });
});

test("without credit a viewer gets nothing, then one merged frame", async () => {
  const bed = new TestBed();
  const { stream, connection } = bed.connect({ credit: 1 });
  await bed.settle();
  for (let turn = 0; turn < 5; turn++) {
    bed.send("add", { by: 1 });
    await bed.settle();
  }
  expect(stream.frames.length).toBe(1);
  stream.credit = 3;
  connection.creditGrew();
  await bed.settle();
  expect(stream.frames.length).toBe(2);
  expect(stream.view["value"]).toBe(5);
});
