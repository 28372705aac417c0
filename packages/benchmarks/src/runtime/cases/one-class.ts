import type { Audience, Frame, Viewer } from "@tidewire/document";
import { ManualClock, noLogger } from "@tidewire/foundation";
import { LinkServiceTable, type ServerStream, type StreamSet } from "@tidewire/link";
import {
  type Carrier,
  FanOut,
  FrameType,
  ServingSession,
  writeCallHeader,
  writeStreamIds,
} from "@tidewire/link/session";
import { HostService, type ViewerFrame } from "@tidewire/protocol-host";
import { type Codec, Reader, Writer } from "@tidewire/wire";
import { type CaseFigures, type CaseOptions, derive, shrunk } from "../case-figures.ts";
import { Touches } from "../item.ts";
import { measurePairs, variant } from "../measure-pairs.ts";
import { DocumentType, type OpenDocument } from "../open-document.ts";
import { sharedRecords } from "../record-documents.ts";

const FEW = 10;

/** Many viewers who see the same: one delta, and one link frame that names their streams. */
export function oneClass(options: CaseOptions): CaseFigures {
  const type = new DocumentType(sharedRecords);
  const many = shrunk(10_000, options);
  const open = (viewers: number): readonly [OpenDocument, readonly Viewer[]] => {
    const records = shrunk(1_000, options);
    const document = type.open(records, new Touches(records));
    return [document, document.view(viewers)];
  };
  const [few, viewersOfFew] = open(FEW);
  const [crowd, viewersOfCrowd] = open(many);
  const frameOfFew = new LinkFrames(viewersOfFew);
  const frameOfCrowd = new LinkFrames(viewersOfCrowd);
  const pairs = measurePairs(
    [
      variant("class.10", () => stepOntoLink(few, frameOfFew)),
      variant("class.10000", () => stepOntoLink(crowd, frameOfCrowd)),
      variant("class.10.runtime", () => few.step()),
      variant("class.10000.runtime", () => crowd.step()),
    ],
    options,
  );
  if (frameOfCrowd.named === 0) throw new Error("nobody was sent anything");
  few.verify();
  crowd.verify();
  const perViewerNs = (large: number, small: number): number => ((large - small) * 1_000) / (many - FEW);
  return derive(pairs, (pair) => ({
    "class.ratio": pair["class.10000"]! / pair["class.10"]!,
    "class.perViewerNs": perViewerNs(pair["class.10000"]!, pair["class.10"]!),
    "class.runtime.ratio": pair["class.10000.runtime"]! / pair["class.10.runtime"]!,
    "class.runtime.perViewerNs": perViewerNs(pair["class.10000.runtime"]!, pair["class.10.runtime"]!),
  }));
}

function stepOntoLink(document: OpenDocument, link: LinkFrames): void {
  document.commit();
  document.takePatch();
  document.instance.deliver(0, (_viewers, frame, audience) => link.send(audience, frame));
}

/**
 * The viewers' streams on the link of one edge, as a host has them, up to the bytes: the numbers of all streams, and the
 * message once. What a carrier does with those bytes is left out.
 */
class LinkFrames {
  /** Streams that a message was sent to, one by one. */
  named = 0;
  readonly #fanOut = new FanOut();
  readonly #streams = new Map<Viewer, ServerStream<ViewerFrame>>();
  readonly #sets = new Map<Audience, StreamSet<ViewerFrame>>();

  constructor(viewers: readonly Viewer[]) {
    const services = new LinkServiceTable();
    const opened: ServerStream<ViewerFrame>[] = [];
    services.stream(HostService.methods.connect, (_request, stream) => {
      opened.push(stream);
      return {};
    });
    const carrier = new CountingCarrier((streams) => (this.named += streams));
    const modules = { carrier, clock: new ManualClock(), logger: noLogger, services };
    const edge = { nodeId: "edge-1", role: "edge-proxy" };
    const session = new ServingSession(modules, edge, { inFlightMax: viewers.length + 1 });
    for (const [index, viewer] of viewers.entries()) {
      session.receive(FrameType.open, HostService.methods.connect.id, index + 1, openingOf(viewer), true);
      this.#streams.set(viewer, opened[index]!);
    }
  }

  send(audience: Audience | undefined, frame: Frame): void {
    if (audience === undefined) throw new Error("viewers of one class are no audience");
    let set = this.#sets.get(audience);
    if (set === undefined) {
      set = this.#fanOut.streamSet<ViewerFrame>();
      this.#sets.set(audience, set);
    }
    const changes = audience.takeChanges();
    if (changes === undefined) for (const viewer of audience.viewers) set.add(this.#streams.get(viewer)!);
    else if (changes.length > 0) throw new Error("nobody comes or goes here");
    set.send(frame);
  }
}

function openingOf({ id, principal }: Viewer): Reader {
  const writer = new Writer();
  writeCallHeader(writer, 10_000, 2 ** 30);
  const request = { space: "items", key: "k", principal, viewer: id, hashEvery: false, tableVersion: 1 };
  HostService.methods.connect.open.encode(writer, request);
  return new Reader(writer.take());
}

/** Writes messages to many into one buffer, as a carrier does, and nothing else. */
class CountingCarrier implements Carrier {
  readonly isCongested = false;
  readonly isFull = false;
  readonly outboundMark = 0;
  readonly grantRound = 0;
  readonly #onMany: (streams: number) => void;
  readonly #writer = new Writer({ initialBytes: 64 * 1024 });

  constructor(onMany: (streams: number) => void) {
    this.#onMany = onMany;
  }

  many<Message>(_method: number, streams: Uint32Array, codec: Codec<Message>, message: Message): void {
    this.#writer.reset();
    writeStreamIds(this.#writer, streams);
    codec.encode(this.#writer, message);
    this.#onMany(streams.length);
  }

  signal(): void {}
  message(): void {}
  request(): void {}
  open(): void {}
  grant(): void {}
  forget(): void {}
  goAway(): void {}
  shut(): void {}
  hasLeft(): boolean {
    return true;
  }
}
