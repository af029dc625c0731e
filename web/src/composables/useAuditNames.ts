/** What the ids in the audit log are called. */
import { computed } from 'vue'

import { fetchCannedReplies } from '@/api/canned'
import { fetchConnectedAccounts } from '@/api/connecting'
import { fetchTags } from '@/api/tags'
import { fetchTokens } from '@/api/tokens'
import type { AuditEntry } from '@/api/audit'
import { onceRead } from '@/composables/onceRead'
import { useAttributes } from '@/composables/useAttributes'
import { useSession } from '@/composables/useSession'
import { useStaffNames } from '@/composables/useStaffNames'

const tags = onceRead(async () => (await fetchTags({ usage: false })).items)
const accounts = onceRead(fetchConnectedAccounts)
const canned = onceRead(fetchCannedReplies)
const tokens = onceRead(fetchTokens)

/** The changes of something name it, also when it is there no more. */
const NAMING = ['name', 'shortcut']

export function useAuditNames() {
  const { bots } = useSession()
  const { nameOf: staffName } = useStaffNames()
  const { all: attributes, language } = useAttributes()
  const lists = [tags(), accounts(), tokens()]
  const replies = canned()

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
    return staffName(id) ?? names.value.get(id) ?? null
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

  return { nameOf, targetOf }
}
