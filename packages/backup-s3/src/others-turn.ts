/** Lets everything else that waits for this thread run first: it also serves appends. */
export function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
