/** Bytes of a text in UTF-8. A lone surrogate counts as the replacement character it would become. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdbff) bytes += 2;
    else {
      const next = text.charCodeAt(index + 1);
      const isPair = next >= 0xdc00 && next <= 0xdfff;
      // A pair is two units and four bytes.
      bytes += 2;
      if (isPair) index++;
    }
  }
  return bytes;
}
