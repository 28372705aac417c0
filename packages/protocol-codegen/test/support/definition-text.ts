/** Whole definition files around what a test is about. */
export function protocol(body: string, attributes = 'name="test" version="2" package="test"'): string {
  return `<protocol xmlns="urn:tidewire:protocol:1" ${attributes}>\n${body}\n</protocol>`;
}

export function message(fields: string): string {
  return protocol(`<message name="M">\n${fields}\n</message>`);
}

export const api = (body: string): string =>
  `<api xmlns="urn:tidewire:api:1" name="a" version="1" package="a" path="/" subprotocol="s" heartbeatMs="5000">
<close name="malformedFrame" code="4500" reconnect="false"/><close name="malformedId" code="4501" reconnect="false"/>
${body}
</api>`;

export const errors = (body: string): string => `<errors xmlns="urn:tidewire:errors:1">\n${body}\n</errors>`;
export const error = (attributes: string, text = "Why."): string =>
  errors(`<range subsystem="edge" from="1000" to="1999"/>\n<error ${attributes}>${text}</error>`);

export type FaultyDefinition = [
  title: string,
  source: string,
  line: number,
  element: string,
  problem: string,
  fix: string,
];
