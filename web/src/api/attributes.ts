/** What is kept about customers besides their contact data. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type Attribute = components['schemas']['AttributeView']

/** Of the customer: text, number, day, yes or no, one or several of the options. */
export type AttributeValue = string | number | boolean | string[] | null

/** In their order, retired ones too. */
export async function fetchAttributes(): Promise<Attribute[]> {
  const { items } = await answerOf(api.GET('/api/v1/attributes'))
  return items
}
