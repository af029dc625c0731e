/** The catalogue of tags, and the tags of a customer. */
import { answerOf, api } from '@/api/client'
import type { operations } from '@/api/schema'
import type { Tag, TagColour, Tags } from '@/api/types'

type Attaching = operations['customers.attach']['responses']
export type Attached = Attaching[200]['content']['application/json']

export interface TagEdit {
  name?: string
  colour?: TagColour
  retired?: boolean
}

/** With `usage`, how many customers have each. */
export function fetchTags({ usage }: { usage: boolean }): Promise<Tags> {
  return answerOf(api.GET('/api/v1/tags', { params: { query: usage ? { usage } : {} } }))
}

export function createTag(name: string): Promise<Tag> {
  return answerOf(api.POST('/api/v1/tags', { body: { name, colour: null } }))
}

export function editTag(id: string, edit: TagEdit): Promise<Tag> {
  const path = { tag_id: id }
  const body = { name: null, colour: null, retired: null, ...edit }
  return answerOf(api.PATCH('/api/v1/tags/{tag_id}', { params: { path }, body }))
}

export function orderTags(ids: readonly string[]): Promise<Tags> {
  return answerOf(api.POST('/api/v1/tags/order', { body: { ids: [...ids] } }))
}

/** `usage` is the number of customers that was confirmed; 409 with the number when it grew. */
export async function deleteTag(id: string, usage: number): Promise<void> {
  const params = { path: { tag_id: id }, query: { usage } }
  await answerOf(api.DELETE('/api/v1/tags/{tag_id}', { params }))
}

/** Attach by id, or by a name: a tag of that name is found or made. Safe to repeat. */
export function attachTag(
  customerId: string,
  tag: { tag_id: string } | { name: string },
): Promise<Attached> {
  const path = { customer_id: customerId }
  const body = { name: null, tag_id: null, ...tag }
  return answerOf(api.POST('/api/v1/customers/{customer_id}/tags', { params: { path }, body }))
}

/** Safe to repeat. */
export async function detachTag(customerId: string, tagId: string): Promise<void> {
  const path = { customer_id: customerId, tag_id: tagId }
  await answerOf(api.DELETE('/api/v1/customers/{customer_id}/tags/{tag_id}', { params: { path } }))
}
