/** What `codegen init` writes: small enough to read, with one of everything one needs first. */
export const starterDefinitions: Readonly<Record<string, string>> = {
  "chat.xml": `<?xml version="1.0" encoding="UTF-8"?>
<!-- Field ids are append-only. A field added in version 2 says since="2" and is optional, a list, or has a default. -->
<protocol xmlns="urn:tidewire:protocol:1" name="chat" version="1" package="chat">
  <enum name="Presence" fallback="away">
    <value name="away" number="1"/>
    <value name="here" number="2"/>
  </enum>

  <message name="JoinRequest">
    <field id="1" name="room" type="string" maxLength="64"/>
    <field id="2" name="name" type="string" maxLength="64"/>
    <field id="3" name="afterLine" type="u53" optional="true">Send the lines after this one first.</field>
  </message>
  <message name="Line">
    <field id="1" name="number" type="u53"/>
    <field id="2" name="sentAt" type="f64">Milliseconds since 1970.</field>
    <field id="3" name="from" type="string" maxLength="64"/>
    <field id="4" name="text" type="string" maxLength="4096"/>
  </message>
  <message name="Say">
    <field id="1" name="text" type="string" maxLength="4096"/>
  </message>
  <message name="SetPresence">
    <field id="1" name="presence" type="Presence"/>
  </message>
  <union name="ChatUp" unknown="skip">
    <variant id="1" name="say" type="Say"/>
    <variant id="2" name="presence" type="SetPresence"/>
  </union>
  <message name="HistoryRequest">
    <field id="1" name="room" type="string" maxLength="64"/>
    <field id="2" name="limit" type="u16"/>
  </message>
  <message name="HistoryResponse">
    <field id="1" name="lines" type="Line" list="true" maxCount="1000"/>
  </message>

  <service name="Chat" id="1" heartbeatMs="5000">
    <stream id="1" name="join" open="JoinRequest" up="ChatUp" down="Line" credit="32" deadlineMs="5000"/>
    <unary id="2" name="history" request="HistoryRequest" response="HistoryResponse" deadlineMs="5000" idempotent="true" retry="safe"/>
  </service>
</protocol>
`,
  "errors.xml": `<?xml version="1.0" encoding="UTF-8"?>
<!-- Codes and numbers are API: a number is never reused. -->
<errors xmlns="urn:tidewire:errors:1">
  <range subsystem="chat" from="1000" to="1999"/>
  <error code="invalid_argument" number="1001" retryable="false" httpStatus="400" audience="client">A parameter is missing or out of bounds.</error>
  <error code="room_full" number="1002" retryable="true" retryAfterMs="5000" httpStatus="503" audience="client">No more people fit into the room.</error>
</errors>
`,
};
