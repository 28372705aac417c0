/** Two ordered sequences as one. */
export function* merged<Each>(
  left: Iterator<Each>,
  right: Iterator<Each>,
  compare: (a: Each, b: Each) => number,
): Generator<Each> {
  let a = left.next();
  let b = right.next();
  while (a.done !== true || b.done !== true) {
    const takesLeft = b.done === true || (a.done !== true && compare(a.value, b.value) < 0);
    yield (takesLeft ? a.value : b.value) as Each;
    if (takesLeft) a = left.next();
    else b = right.next();
  }
}
