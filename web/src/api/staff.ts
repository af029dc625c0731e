/** The members of staff. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type StaffMember = components['schemas']['StaffView']

const PAGE_PEOPLE = 100

/** Everybody, also those who are no longer active. */
export async function fetchStaff(): Promise<StaffMember[]> {
  const people: StaffMember[] = []
  let cursor: string | null = null
  do {
    const query: { limit: number; cursor?: string } =
      cursor === null ? { limit: PAGE_PEOPLE } : { limit: PAGE_PEOPLE, cursor }
    const page: { items: StaffMember[]; next_cursor: string | null } = await answerOf(
      api.GET('/api/v1/staff', { params: { query } }),
    )
    people.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return people
}
