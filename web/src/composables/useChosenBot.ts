/** The bot that the address names (`?bot=`), or the first one that this person may see. */

import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import { useSession } from '@/composables/useSession'

export function useChosenBot(): {
  /** Null: the person is a member of no bot. */
  botId: ComputedRef<string | null>
  /** Goes there, unless unsaved changes keep the person here. */
  choose: (botId: string) => Promise<void>
} {
  const route = useRoute()
  const router = useRouter()
  const { bots } = useSession()

  const botId = computed(() => {
    const asked = route.query['bot']
    return (bots.value.find(({ id }) => id === asked) ?? bots.value[0])?.id ?? null
  })

  async function choose(bot: string): Promise<void> {
    await router.replace({ query: { ...route.query, bot } })
  }

  return { botId, choose }
}
