/** Canned replies while writing: "/" and some letters offer them, a choice puts one in. */
import { computed, ref, watch, type Ref } from 'vue'

import { fetchCannedReplies, fetchFilled } from '@/api/canned'
import { ApiError } from '@/api/client'
import type { CannedReply } from '@/api/types'
import { useActive } from '@/composables/useActive'
import { fold } from '@/text/fold'

/** What is typed after a slash at the beginning of a word, up to the caret. */
const ASKED = /(?:^|\s)\/([^\s/]*)$/u
const MOST_SHOWN = 8

export interface CannedSource {
  conversationId: string
  botId: () => string | null
  text: Readonly<Ref<string>>
  /** Puts in the new words, with the caret after `caret` characters. */
  write: (text: string, caret: number) => void
  failed: (error: ApiError) => void
}

export function useCanned({ conversationId, botId, text, write, failed }: CannedSource) {
  const replies = ref<CannedReply[]>([])
  const state = ref<'unread' | 'loading' | 'ready' | 'filling'>('unread')
  const caret = ref(0)
  /** Escape closes the list until another word is begun. */
  const closed = ref(false)

  const asked = computed(() => ASKED.exec(text.value.slice(0, caret.value))?.[1] ?? null)
  const options = computed(() => {
    const wanted = fold(asked.value ?? '')
    const mine = replies.value.filter(({ bot_id }) => bot_id === null || bot_id === botId())
    const byShortcut = mine.filter(({ shortcut }) => fold(shortcut).startsWith(wanted))
    const byText = mine.filter((one) => !byShortcut.includes(one) && has(one, wanted))
    return [...byShortcut, ...byText].slice(0, MOST_SHOWN)
  })
  const open = computed(() => asked.value !== null && !closed.value && options.value.length > 0)
  const { index, step, set } = useActive(() => options.value.length)

  function has({ shortcut, text: words }: CannedReply, wanted: string): boolean {
    return fold(shortcut).includes(wanted) || fold(words).includes(wanted)
  }

  watch(asked, (now) => {
    set(0)
    if (now === null) closed.value = false
    else if (state.value === 'unread') void read()
  })

  async function read(): Promise<void> {
    state.value = 'loading'
    try {
      replies.value = await fetchCannedReplies()
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      state.value = 'unread' // the next slash tries again
    }
  }

  /** Where the caret is now; the list follows it. */
  function look(at: number): void {
    caret.value = at
  }

  async function choose(reply: CannedReply | undefined): Promise<void> {
    if (reply === undefined || asked.value === null || state.value === 'filling') return
    const [begin, end] = [caret.value - asked.value.length - 1, caret.value]
    const before = text.value
    state.value = 'filling'
    try {
      const words = await fetchFilled(conversationId, reply.id)
      // What was written meanwhile stays: only the same "/word" is replaced.
      if (text.value.slice(begin, end) !== before.slice(begin, end)) return
      write(text.value.slice(0, begin) + words + text.value.slice(end), begin + words.length)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      failed(error)
    } finally {
      state.value = 'ready'
    }
  }

  function busy(): boolean {
    return asked.value !== null && (state.value === 'loading' || state.value === 'filling')
  }

  /** Whether the key was for the list. */
  function press(event: KeyboardEvent): boolean {
    if (event.isComposing || event.shiftKey) return false
    if (busy() && event.key === 'Enter') {
      event.preventDefault() // "/hello" is not for the customer: its words are on their way
      return true
    }
    if (!open.value) return false
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') step(event.key === 'ArrowDown' ? 1 : -1)
    else if (event.key === 'Enter' || event.key === 'Tab') void choose(options.value[index.value])
    else if (event.key === 'Escape') closed.value = true
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  return { open, options, index, set, look, choose, press }
}

export type Canned = ReturnType<typeof useCanned>
