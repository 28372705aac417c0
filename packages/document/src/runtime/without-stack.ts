/**
 * Makes an error without capturing a stack. Where a refusal is made says nothing, and capturing costs several times what the
 * rollback does; a cause keeps its own stack.
 */
export function withoutStack<Made extends Error>(make: () => Made): Made {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
