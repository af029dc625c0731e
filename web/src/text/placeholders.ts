/** Placeholders in texts for customers, by the server's rules: `{{name}}`, or `{{name, bạn}}` with a default. */

const PLACEHOLDER = /\{\{([^{}]*)\}\}/gu

export type Values = ReadonlyMap<string, string>

/** Replaced by the value, else the default, else nothing; a value is never looked at for placeholders. */
export function filled(text: string, values: Values): string {
  return text.replaceAll(PLACEHOLDER, (_, inner: string) => {
    const { name, fallback } = parts(inner)
    const value = values.get(name) ?? ''
    return value === '' ? fallback : value
  })
}

/** The names that leave a hole in `text`, once each: neither a value nor a default. */
export function unfilled(text: string, values: Values): string[] {
  const names = [...text.matchAll(PLACEHOLDER)]
    .map(([, inner = '']) => parts(inner))
    .filter(({ name, fallback }) => !values.get(name) && fallback === '')
    .map(({ name }) => name)
  return [...new Set(names)]
}

/** The last word: "Nguyễn Thị Hồng Ánh" is called Ánh. */
export function givenName(name: string): string {
  return name.trim().split(/\s+/u).at(-1) ?? ''
}

function parts(inner: string): { name: string; fallback: string } {
  const [name = '', ...rest] = inner.split(',')
  return { name: name.trim(), fallback: rest.join(',').trim() }
}
