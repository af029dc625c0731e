/** The filter of the list, kept in the address so that a view can be shared and reloaded. */
import { computed, type ComputedRef } from 'vue'
import { type LocationQuery, useRoute, useRouter } from 'vue-router'

import type { ConversationFilter } from '@/api/conversations'
import type { Channel, View } from '@/api/types'

const VIEWS: readonly View[] = [
  'all',
  'mine',
  'unassigned',
  'uncared',
  'inbox',
  'comment',
  'spam',
  'deleted',
]
const CHANNELS: readonly Channel[] = ['facebook', 'instagram', 'zalo']

export function useFilter(): {
  filter: ComputedRef<ConversationFilter>
  change: (changed: Partial<ConversationFilter>) => void
} {
  const route = useRoute()
  const router = useRouter()

  // The same object while the same filter: opening a conversation must not read the list again.
  const filter = computed<ConversationFilter>((before) => {
    const now = parseFilter(route.query)
    return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now
  })

  function change(changed: Partial<ConversationFilter>): void {
    const { view, channel, bot_id, unread, tags, q } = { ...filter.value, ...changed }
    void router.replace({
      name: 'inbox',
      params: route.params,
      hash: route.hash, // the open thread stays where it is
      query: {
        ...(view === 'all' ? {} : { view }),
        ...(channel === null ? {} : { channel }),
        ...(bot_id === null ? {} : { bot_id }),
        ...(unread ? { unread: 'true' } : {}),
        ...(tags.length === 0 ? {} : { tag: [...tags] }),
        ...(q === '' ? {} : { q }),
      },
    })
  }

  return { filter, change }
}

/** What an address asks for; whatever it says wrongly counts as not said. */
export function parseFilter(query: LocationQuery): ConversationFilter {
  return {
    view: VIEWS.find((view) => view === query['view']) ?? 'all',
    channel: CHANNELS.find((channel) => channel === query['channel']) ?? null,
    bot_id: typeof query['bot_id'] === 'string' ? query['bot_id'] : null,
    unread: query['unread'] === 'true',
    tags: [query['tag']].flat().filter((tag) => typeof tag === 'string' && tag !== '') as string[],
    q: typeof query['q'] === 'string' ? query['q'] : '',
  }
}
