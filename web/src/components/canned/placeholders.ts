/** What a canned reply may name, as the API fills it in; each has words that explain it. */
export const PLACEHOLDERS = ['name', 'given_name', 'phone', 'email', 'agent', 'shop'] as const

export type Placeholder = (typeof PLACEHOLDERS)[number]

/** As it is written in a text. */
export function written(name: Placeholder): string {
  return `{{${name}}}`
}
