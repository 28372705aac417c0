import type { Audience, Frame } from "../runtime/runtime.ts";
import type { LimitError } from "../state/limit-error.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/**
 * `viewers` is live and stays as it is until the delivery is over. An audience comes where it is likely to be sent to again:
 * then they are its viewers.
 */
export type FrameSink = (viewers: readonly ViewerHandle[], frame: Frame, audience?: Audience) => void;
export type FailureSink = (viewers: readonly ViewerHandle[], error: LimitError) => void;
