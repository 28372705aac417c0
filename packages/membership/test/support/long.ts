/** The whole experiments instead of their short form: minutes to hours. */
export const isLong = process.env["TIDEWIRE_MEMBERSHIP_LONG"] === "1";
