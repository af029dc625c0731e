/** What scripts may name: tags, and attributes that are dates. None where there is no catalogue. */
import { errorOf, requestHeaders } from '@/api/client'

/** Something with a name that is chosen by its id. */
export interface Choice {
  id: string
  name: string
}

interface Tag {
  id: string
  name: string
  retired?: boolean
}

interface Attribute {
  key: string
  type: string
  retired?: boolean
  label: { vi: string; en: string }
}

/** Those that are in use. */
export async function fetchTagChoices(): Promise<Choice[]> {
  const tags = await items<Tag>('/api/v1/tags')
  return tags.filter(({ retired }) => !retired).map(({ id, name }) => ({ id, name }))
}

/** By their keys; a birthday is always among them. */
export async function fetchDateChoices(language: string, birthday: string): Promise<Choice[]> {
  const attributes = await items<Attribute>('/api/v1/attributes')
  const dates = attributes
    .filter(({ type, retired }) => type === 'date' && !retired)
    .map(({ key, label }) => ({ id: key, name: language === 'en' ? label.en : label.vi }))
  return attributes.length > 0 ? dates : [{ id: 'birthday', name: birthday }]
}

async function items<T>(path: string): Promise<T[]> {
  const answer = await fetch(path, { headers: requestHeaders('GET') })
  if (answer.status === 404) return []
  const body: unknown = await answer.json()
  if (!answer.ok) throw errorOf(answer.status, body)
  return (body as { items: T[] }).items
}
