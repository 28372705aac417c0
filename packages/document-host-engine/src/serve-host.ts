import { documentName, ServiceError } from "@tidewire/foundation";
import type { CallContext, LinkServices } from "@tidewire/link";
import { serveHost as serveHostMethods } from "@tidewire/protocol-host";
import type { DocumentHost, RequestContext } from "./document-host.ts";

/**
 * Serves the Host protocol. The frames of a commit are written before its answers, so a client whose stream has credit
 * sees the effect of its own message no later than the answer, as far as one connection keeps the order.
 */
export function serveHost(host: DocumentHost, services: LinkServices): void {
  serveHostMethods(services, {
    create: async ({ space, key, principal, arg, marker, tableVersion }, context) => {
      const command = { kind: "create", principal, ...given({ arg, marker }) } as const;
      const { seq } = await host.execute(documentName(space, key), command, contextOf(tableVersion, context));
      return { seq };
    },

    get: async ({ space, key, principal, tableVersion }, context) => {
      const view = await host.view(documentName(space, key), principal, contextOf(tableVersion, context));
      return { seq: view.seq, hash: view.hash, view: view.json };
    },

    delete: async ({ space, key, principal, tableVersion }, context) => {
      await host.execute(documentName(space, key), { kind: "delete", principal }, contextOf(tableVersion, context));
      return {};
    },

    send: ({ space, key, principal, message, arg, marker, tableVersion }, context) => {
      const command = { kind: "message", principal, message, ...given({ arg, marker }) } as const;
      return host.execute(documentName(space, key), command, contextOf(tableVersion, context));
    },

    updateViewer: async ({ space, key, viewer, viewState, tableVersion }, context) => {
      await host.updateViewer(documentName(space, key), viewer, viewState, contextOf(tableVersion, context));
      return {};
    },

    connect: (request, stream, context) => {
      const { space, key, principal, viewer, viewState, resume, hashEvery, tableVersion } = request;
      if (viewer === "") throw new ServiceError("invalid_argument", "a viewer needs a name");
      const connection = host.connect(
        documentName(space, key),
        { id: viewer, principal, hashEvery, stream, ...given({ viewState, resume }) },
        contextOf(tableVersion, context),
      );
      return {
        message: (up) => {
          if (up.kind === "resync") connection.resync();
          else connection.check(up.value.seq, up.value.hash);
        },
        credit: () => connection.creditGrew(),
        // With a reason the connection broke; without one the client is gone for good.
        cancelled: (reason) => connection.cancelled(reason === undefined),
      };
    },
  });
}

function contextOf(tableVersion: number, context: Pick<CallContext, "deadlineAt">): RequestContext {
  return { tableVersion, deadlineAt: context.deadlineAt };
}

/** Leaves out what was not given, which is not the same as being given as `undefined`. */
function given<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
