/** Reads the free-form `data` of an attachment, whose keys depend on the channel. */

export type Data = Readonly<Record<string, unknown>>

/** The first of `keys` that holds words. */
export function textOf(data: Data, ...keys: string[]): string | null {
  for (const key of keys) {
    const value = data[key]
    if (typeof value === 'string' && value.trim() !== '') return value
  }
  return null
}

/** The first of `keys` that holds a number, also one written as text. */
export function numberOf(data: Data, ...keys: string[]): number | null {
  for (const key of keys) {
    const value = data[key]
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) return number
  }
  return null
}

/** The objects of a list below `key`; nothing where there is no list. */
export function objectsOf(data: Data, key: string): Data[] {
  const value = data[key]
  return Array.isArray(value) ? value.filter(isData) : []
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
