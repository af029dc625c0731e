/** Notices of the whole page: fetched once, again whenever a bot or one of its accounts changes. */
import { inject, onScopeDispose, provide, ref, type InjectionKey, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchNotices } from '@/api/notices'
import type { LiveFrame, Notice } from '@/api/types'

const PAUSE_MS = 300 // several accounts of one page change together

export type Notices = Readonly<Ref<readonly Notice[]>>

const KEY: InjectionKey<Notices> = Symbol('notices')

export interface NoticesSource {
  listen: (listener: (frame: LiveFrame) => void) => () => void
}

/** Fetch notices for the component that calls this and all below. */
export function provideNotices(source: NoticesSource): Notices {
  const notices = useNoticeFeed(source)
  provide(KEY, notices)
  return notices
}

export function useNoticeFeed({ listen }: NoticesSource): Notices {
  const notices = ref<Notice[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    try {
      notices.value = await fetchNotices()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error // the next change asks again
    }
  }

  const stop = listen(({ type }) => {
    if (type !== 'bot_changed' && type !== 'resync') return
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, PAUSE_MS)
  })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })
  void load()
  return notices
}

/** The notices of the page; none where nobody provides them. */
export function useNotices(): Notices {
  return inject(KEY, () => ref([]), true)
}
