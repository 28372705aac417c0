/**
 * What a connection counts as it goes, as plain numbers: adding to a labelled metric would cost more than the frame. The
 * transport publishes the sums every second.
 */
export class Traffic {
  bytesIn = 0;
  bytesOut = 0;
  framesIn = 0;
  framesOut = 0;
  readsIn = 0;
  flushes = 0;
  fragmentsIn = 0;
  fragmentsOut = 0;
  grants = 0;
  stalls = 0;
}
