/**
 * The groups that hold the state of the last delivery, which is nearly all of them. Where nothing has changed for most,
 * they are brought forward together, by one number.
 */
export class Cohort {
  seq: number;
  readonly tick: number;

  constructor(seq: number, tick: number) {
    this.seq = seq;
    this.tick = tick;
  }
}
