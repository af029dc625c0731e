/** The live feed of the signed-in page: started once, shared by everything below it. */
import { inject, onScopeDispose, provide, ref, type InjectionKey, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { type FrameListener, LiveFeed, type LiveState, openWebSocket, thisDevice } from '@/api/live'
import { useSession } from '@/composables/useSession'

export interface Live {
  state: Readonly<Ref<LiveState>>
  listen: (listener: FrameListener) => () => void
  /** Tells colleagues which conversation is open here. */
  view: (conversationId: string | null) => void
}

const KEY: InjectionKey<Live> = Symbol('live')
/** One's role or bots may be others afterwards; several at once are asked about once. */
const MAY_CHANGE_WHO_ONE_IS = new Set(['resync', 'bot_changed'])
const ASK_AFTER_MS = 1_000

/** Open the feed for the component that calls this and all below; closed with it. */
export function provideLive(): Live {
  const state = ref<LiveState>('connecting')
  const feed = new LiveFeed({
    openSocket: openWebSocket,
    device: thisDevice,
    random: () => Math.random(),
    onState: (next) => {
      state.value = next
      if (next === 'lost') void askWhoIsHere()
    },
  })
  const hurry = () => {
    feed.hurry()
  }
  window.addEventListener('online', hurry)
  let asking: ReturnType<typeof setTimeout> | undefined
  feed.listen(({ type }) => {
    if (!MAY_CHANGE_WHO_ONE_IS.has(type)) return
    clearTimeout(asking)
    asking = setTimeout(() => void askWhoIsHere(), ASK_AFTER_MS)
  })
  onScopeDispose(() => {
    window.removeEventListener('online', hurry)
    clearTimeout(asking)
    feed.stop()
  })
  feed.start()
  const live = {
    state,
    listen: (listener: FrameListener) => feed.listen(listener),
    view: (conversationId: string | null) => {
      feed.view(conversationId)
    },
  }
  provide(KEY, live)
  return live
}

export function useLive(): Live {
  const live = inject(KEY)
  if (!live) throw new Error('useLive needs provideLive in a component above')
  return live
}

/** A socket that closes does not say why: the session may have ended. So may a role have changed. */
async function askWhoIsHere(): Promise<void> {
  try {
    await useSession().check()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error // unreachable: the feed goes on trying
  }
}
