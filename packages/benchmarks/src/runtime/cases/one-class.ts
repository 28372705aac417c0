import type { Viewer } from "@tidewire/document";
import { ViewerFrameCodec } from "@tidewire/protocol-host";
import { Writer } from "@tidewire/wire";
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
  const frameOfFew = new LinkFrame(viewersOfFew);
  const frameOfCrowd = new LinkFrame(viewersOfCrowd);
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

function stepOntoLink(document: OpenDocument, link: LinkFrame): void {
  document.commit();
  document.takePatch();
  document.instance.deliver(0, (viewers, frame) => link.write(viewers, frame));
}

/** What the link does per delivery: the numbers of all streams, and the message once, as the generated codec writes it. */
class LinkFrame {
  named = 0;
  readonly #writer = new Writer({ initialBytes: 64 * 1024 });
  readonly #streams: ReadonlyMap<Viewer, number>;

  constructor(viewers: readonly Viewer[]) {
    this.#streams = new Map(viewers.map((viewer, index) => [viewer, index + 1]));
  }

  write(viewers: readonly Viewer[], frame: Parameters<typeof ViewerFrameCodec.encode>[1]): void {
    const writer = this.#writer;
    writer.reset();
    const at = writer.reserve(4 * viewers.length);
    for (let index = 0; index < viewers.length; index++) {
      writer.view.setUint32(at + 4 * index, this.#streams.get(viewers[index]!)!, true);
    }
    ViewerFrameCodec.encode(writer, frame);
    this.named += viewers.length;
  }
}
