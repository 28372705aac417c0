import { describe, expect, it } from "@jest/globals";
import { CreditCodec, encodedMessage, FrameType, PingCodec } from "@tidewire/link/session";
import fc from "fast-check";
import { defaultBinaryLinkLimits } from "../src/binary-link-options.ts";
import { ControlType, FRAME_MAX_BYTES } from "../src/frame.ts";
import { FrameParser } from "../src/frame-parser.ts";
import { Outbound } from "../src/outbound.ts";
import { Traffic } from "../src/traffic.ts";

const KILOBYTE = 1024;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A socket that takes what it is given when it is told to, and the frames it was given. */
function outboundTo(limits: Partial<typeof defaultBinaryLinkLimits> = {}) {
  const writes: { readonly bytes: number; readonly done: () => void }[] = [];
  const frames: string[] = [];
  const reports: string[] = [];
  let isTaking = true;
  let written = 0;
  const parser = new FrameParser(
    {
      frame(type, flags, _method, stream, body) {
        if (type === ControlType.credit) {
          for (const grant of CreditCodec.decode(body).grants) frames.push(`credit ${grant.stream}:${grant.messages}`);
        } else frames.push(`${type}/${flags} ${stream}:${body.remaining}`);
      },
    },
    FRAME_MAX_BYTES,
  );
  const traffic = new Traffic();
  const outbound = new Outbound(
    {
      write(bytes, done) {
        written++;
        parser.push(bytes);
        if (isTaking) setImmediate(done);
        else writes.push({ bytes: bytes.length, done });
      },
    },
    {
      uncongested: () => reports.push("uncongested"),
      overrun: () => reports.push("overrun"),
      finished: () => reports.push("finished"),
    },
    { ...defaultBinaryLinkLimits, ...limits },
    traffic,
  );
  const send = (type: number, stream: number, bytes: number): void => {
    const at = outbound.begin(type, 1, stream);
    encodedMessage.encode(outbound.writer, new Uint8Array(bytes));
    outbound.commit(at, type, 1, stream);
  };
  return {
    outbound,
    frames,
    reports,
    traffic,
    send,
    writes: () => written,
    inSocket: () => writes.reduce((sum, write) => sum + write.bytes, 0),
    block: () => {
      isTaking = false;
    },
    /** The kernel takes the write it was given first. */
    takeOne: () => writes.shift()!.done(),
    unblock: () => {
      isTaking = true;
      for (const write of writes.splice(0)) setImmediate(write.done);
    },
  };
}

describe("outbound", () => {
  it("writes once for all frames of a turn", async () => {
    const { send, frames, writes } = outboundTo();
    for (let index = 0; index < 100; index++) send(FrameType.up, index, 50);
    expect(writes()).toBe(0);
    await turn();
    expect([writes(), frames.length]).toEqual([1, 100]);
    await turn();
    expect(writes()).toBe(1);
  });

  it("does not wait for the turn when enough has come together", () => {
    const { send, writes, frames } = outboundTo();
    for (let index = 0; index < 64; index++) send(FrameType.up, 1, KILOBYTE);
    expect(writes()).toBe(2);
    expect(frames.length).toBeGreaterThanOrEqual(62);
  });

  it("lets small messages pass between the parts of a large one", async () => {
    const { outbound, send, frames } = outboundTo();
    send(FrameType.down, 1, 320 * KILOBYTE);
    expect(outbound.waitingLargeBytes).toBe(320 * KILOBYTE);
    for (let index = 0; index < 5; index++) {
      await turn();
      send(FrameType.down, 2, index);
    }
    send(FrameType.down, 1, 3);
    for (let index = 0; index < 20; index++) await turn();
    const small = frames.indexOf(`${FrameType.down}/0 2:0`);
    const last = frames.findIndex((frame) => frame.startsWith(`${FrameType.down}/2 1:`));
    expect(small).toBeGreaterThan(0);
    expect(small).toBeLessThan(5);
    expect(last).toBeGreaterThan(10);
    expect(frames.at(-1)).toBe(`${FrameType.down}/0 1:3`);
    expect(frames.filter((frame) => frame.includes(" 2:"))).toHaveLength(5);
    expect([outbound.waitingBytes, outbound.waitingLargeBytes]).toEqual([0, 0]);
  });

  it("keeps what the kernel does not take, and lets control frames and grants pass it", async () => {
    const { outbound, send, frames, block, unblock, inSocket, reports } = outboundTo();
    const openMark = outbound.mark;
    send(FrameType.open, 7, 10);
    await turn();
    block();
    for (let index = 0; index < 2_000; index++) send(FrameType.up, 7, KILOBYTE);
    await turn();
    expect(inSocket()).toBeLessThan(defaultBinaryLinkLimits.socketBytes + 64 * KILOBYTE);
    const inFlight = frames.length;
    outbound.control(ControlType.ping, PingCodec, { sentAt: 1, load: 0 });
    outbound.grant(7, 3, openMark, true);
    outbound.grant(7, 4, openMark, true);
    send(FrameType.open, 9, 10);
    outbound.grant(9, 1, outbound.mark, true);
    await turn();
    expect(frames.slice(inFlight)).toEqual([`${ControlType.ping}/0 0:9`, "credit 7:7"]);
    expect([outbound.isCongested, outbound.isFull, reports]).toEqual([true, false, []]);
    unblock();
    for (let index = 0; index < 50; index++) await turn();
    expect(reports).toEqual(["uncongested"]);
    expect(frames.filter((frame) => frame === `${FrameType.up}/0 7:${KILOBYTE}`)).toHaveLength(2_000);
    expect(frames.indexOf("credit 9:1")).toBeGreaterThan(frames.indexOf(`${FrameType.open}/0 9:10`));
    expect(outbound.waitingBytes).toBe(0);
  });

  it("is congested until half of what made it so has left, and says so once", async () => {
    const { outbound, send, block, takeOne, reports, traffic } = outboundTo({ congestedBytes: 512 * KILOBYTE });
    block();
    while (!outbound.isCongested) send(FrameType.up, 7, KILOBYTE);
    await turn();
    const congestedAt = outbound.waitingBytes;
    const seen: [number, boolean][] = [];
    while (outbound.waitingBytes > 0) {
      takeOne();
      seen.push([outbound.waitingBytes, outbound.isCongested]);
    }
    expect(congestedAt).toBeGreaterThanOrEqual(512 * KILOBYTE);
    expect(seen.length).toBeGreaterThan(8);
    for (const [waitingBytes, isCongested] of seen) expect(isCongested).toBe(waitingBytes >= 256 * KILOBYTE);
    expect([reports, traffic.stalls]).toEqual([["uncongested"], 1]);
  });

  it("sends a grant that is not urgent with the next frame, or by itself a little later", async () => {
    const { outbound, send, frames } = outboundTo();
    outbound.grant(7, 1, outbound.mark, false);
    await turn();
    expect([frames, outbound.grantRound]).toEqual([[], 0]);
    send(FrameType.request, 1, 10);
    await turn();
    expect(frames).toEqual([`${FrameType.request}/0 1:10`, "credit 7:1"]);
    expect(outbound.grantRound).toBe(1);
    outbound.grant(9, 2, outbound.mark, false);
    while (frames.length < 3) await turn();
    expect([frames.at(-1), outbound.grantRound]).toEqual(["credit 9:2", 2]);
  });

  it("knows what cannot have left", async () => {
    const { outbound, send, block, unblock } = outboundTo();
    const early = outbound.mark;
    expect(outbound.hasLeft(early)).toBe(false);
    send(FrameType.request, 1, 10);
    await turn();
    expect(outbound.hasLeft(early)).toBe(true);
    block();
    for (let index = 0; index < 400; index++) send(FrameType.request, 1, KILOBYTE);
    const late = outbound.mark;
    send(FrameType.request, 2, 10);
    await turn();
    expect(outbound.hasLeft(late)).toBe(false);
    unblock();
    for (let index = 0; index < 10; index++) await turn();
    expect(outbound.hasLeft(late)).toBe(true);
  });

  it("never sends a grant before the opening of its stream, nor anything of a stream out of order", async () => {
    const step = fc.oneof(
      fc.record({ open: fc.constantFrom(10, 5_000, 50_000) }),
      fc.record({ up: fc.nat(30), bytes: fc.constantFrom(1, 3_000, 40_000) }),
      fc.record({ grant: fc.nat(30) }),
      fc.constantFrom("turn", "block", "unblock"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (plan) => {
        const { outbound, send, frames, block, unblock } = outboundTo({ socketBytes: 20_000, flushBytes: 8_000 });
        const marks: number[] = [];
        const granted: number[] = [];
        for (const item of plan) {
          if (item === "turn") await turn();
          else if (item === "block") block();
          else if (item === "unblock") unblock();
          else if ("open" in item) {
            marks.push(outbound.mark);
            granted.push(0);
            send(FrameType.open, marks.length, item.open);
          } else if (marks.length > 0) {
            const stream = ("up" in item ? item.up : item.grant) % marks.length;
            if ("up" in item) send(FrameType.up, stream + 1, item.bytes);
            else {
              outbound.grant(stream + 1, 1, marks[stream] as number, item.grant % 3 > 0);
              granted[stream] = (granted[stream] as number) + 1;
            }
          }
        }
        unblock();
        for (
          let index = 0;
          index < 200 && (outbound.waitingBytes > 0 || outbound.waitingLargeBytes > 0 || index < 20);
          index++
        ) {
          await turn();
        }
        // Grants that are not urgent wait for company, which did not come.
        outbound.flush();
        await turn();
        marks.forEach((_, index) => {
          const own = frames.filter((frame) => frame.split(" ")[1]?.split(":")[0] === String(index + 1));
          const opening = own.findIndex(
            (frame) => frame.startsWith(`${FrameType.open}/0`) || frame.startsWith(`${FrameType.open}/2`),
          );
          const firstOther = own.findIndex((frame) => !frame.startsWith(`${FrameType.open}/`));
          if (firstOther >= 0) expect(firstOther).toBeGreaterThan(opening);
          const credit = own.filter((frame) => frame.startsWith("credit")).map((frame) => Number(frame.split(":")[1]));
          expect(credit.reduce((sum, count) => sum + count, 0)).toBe(granted[index]);
        });
        expect([outbound.waitingBytes, outbound.waitingLargeBytes]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it("reports a peer that is hopelessly behind, and the end", async () => {
    const { outbound, send, reports, block } = outboundTo({ outboundHardMaxBytes: 2_000_000 });
    block();
    while (outbound.waitingBytes < 2_000_000) send(FrameType.response, 1, 10_000);
    await turn();
    await turn();
    expect(reports).toEqual(["overrun"]);
    const other = outboundTo();
    other.send(FrameType.response, 1, 100 * KILOBYTE);
    other.send(FrameType.response, 2, 10);
    other.outbound.finish();
    for (let index = 0; index < 10; index++) await turn();
    expect(other.reports[0]).toBe("finished");
    expect(other.frames.at(-1)).toMatch(new RegExp(`^${FrameType.response}/2 1:`));
  });

  it("sends nothing after it was destroyed", async () => {
    const { outbound, send, frames } = outboundTo();
    send(FrameType.response, 1, 10);
    outbound.destroy();
    await turn();
    expect(frames).toEqual([]);
  });
});
