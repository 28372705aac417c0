/** What a role does when it is asked; the answer travels as JSON. */
export type RoleHandlers = Readonly<Record<string, (argument: never) => unknown>>;

/** Serves the process that started this one, over its channel, and ends with it. */
export function serveRole(handlers: RoleHandlers): void {
  process.on("message", (message: { id: number; name: string; argument: unknown }) => {
    const { id, name, argument } = message;
    const answer = async (): Promise<unknown> => await handlers[name]!(argument as never);
    answer().then(
      (result) => process.send!({ id, result: result ?? null }),
      (error: Error) => process.send!({ id, error: error.stack ?? error.message }),
    );
  });
  process.on("disconnect", () => process.exit(0));
  process.send!({ id: 0, result: null });
}
