/** What the ids in the audit log are called. */
import { computed } from 'vue'

import type { AuditEntry } from '@/api/audit'
import { fetchCannedReplies } from '@/api/canned'
import { fetchConnectedAccounts } from '@/api/connecting'
import { fetchScripts } from '@/api/scripts'
import { fetchStaff } from '@/api/staff'
import { fetchTags } from '@/api/tags'
import { fetchTokens } from '@/api/tokens'
import type { Tag } from '@/api/types'
import { onceRead } from '@/composables/onceRead'
import { useAttributes } from '@/composables/useAttributes'
import { useSession } from '@/composables/useSession'

/** The changes of something name it, also when it is there no more. */
const NAMING = ['name', 'shortcut']

export function useAuditNames() {
  const { bots } = useSession()
  const { all: attributes, language } = useAttributes()
  // read anew for every look at the log: it tells of what was made a minute ago
  const people = onceRead(fetchStaff)()
  const lists = [
    people,
    onceRead(fetchTagNames)(),
    onceRead(fetchConnectedAccounts)(),
    onceRead(fetchTokens)(),
    onceRead(async () => (await Promise.all(bots.value.map(({ id }) => fetchScripts(id)))).flat())(),
  ]
  const replies = onceRead(fetchCannedReplies)()

  const names = computed(
    () =>
      new Map<string, string>([
        ...bots.value.map(({ id, name }) => [id, name] as const),
        ...lists.flatMap((list) => list.value.map(({ id, name }) => [id, name] as const)),
        ...replies.value.map(({ id, shortcut }) => [id, `/${shortcut}`] as const),
        ...attributes.value.map(({ id, label }) => [id, label[language.value]] as const),
      ]),
  )

  /** The name of whatever has this id; null for what nobody knows. */
  function nameOf(id: string): string | null {
    return names.value.get(id) ?? null
  }

  /** What an entry is about, for people; null where only the kind of it can be said. */
  function targetOf({ target_id, target_kind, changes }: AuditEntry): string | null {
    if (target_kind === 'crm_connection' || target_kind === 'data_deletion') return target_id
    const known = nameOf(target_id)
    if (known !== null) return known
    for (const field of NAMING) {
      const told = changes[field] as { before?: unknown; after?: unknown } | undefined
      const name = told?.after ?? told?.before
      if (typeof name === 'string' && name !== '') return field === 'shortcut' ? `/${name}` : name
    }
    return null
  }

  return { people, nameOf, targetOf }
}

async function fetchTagNames(): Promise<Tag[]> {
  return (await fetchTags({ usage: false })).items
}
