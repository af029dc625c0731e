/** What an agent is writing in one conversation: words, files, a quote, as an answer or a note. */
import { computed, ref, watch, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { showTyping } from '@/api/replies'
import type { Message } from '@/api/types'
import { type Draft, drafts, isEmpty, type Quote, type Unsent } from '@/composables/drafts'
import { useOutbox } from '@/composables/useOutbox'
import { useUploads } from '@/composables/useUploads'

const TYPING_EVERY_MS = 8000

export interface ComposerSource {
  conversationId: string
  author: { id: string; name: string }
  messages: Readonly<Ref<readonly Message[]>>
  taken: (message: Message) => void
  /** Whether the channel lets us write to the customer now. */
  open: Readonly<Ref<boolean>>
}

export function useComposer({ conversationId, author, messages, taken, open }: ComposerSource) {
  const kept = drafts(author.id, conversationId)
  const text = ref('')
  const note = ref(false)
  const quote = ref<Quote | null>(null)
  const chosenPrivately = ref(false)
  /** Only ever about a comment, and never a note: taking the quote away makes it public. */
  const privately = computed(() => chosenPrivately.value && quote.value !== null && !note.value)
  /** Why the last message came back; its `message` may be empty. */
  const error = ref<ApiError | null>(null)
  const { files, uploads, settled, attach, remove, begin } = useUploads()
  const outbox = useOutbox({ conversationId, author, kept, messages, taken, refused })
  /** How many times something was sent. */
  const submitted = ref(0)
  let typingTold = 0

  const draft = computed<Draft>(() => ({
    text: text.value,
    note: note.value,
    quote: quote.value,
    privately: privately.value,
    uploads: uploads.value,
  }))
  const enabled = computed(() => note.value || open.value)
  const canSend = computed(
    () => enabled.value && settled.value && (text.value.trim() !== '' || uploads.value.length > 0),
  )

  fill(kept.read())
  watch(draft, kept.write, { flush: 'sync' })

  function fill(from: Draft): void {
    text.value = from.text
    note.value = from.note
    quote.value = from.quote
    chosenPrivately.value = from.privately
    begin(from.uploads)
  }

  function write(words: string): void {
    text.value = words
    error.value = null
    if (!note.value && open.value && words.trim() !== '') tellTyping()
  }

  function tellTyping(): void {
    if (Date.now() - typingTold < TYPING_EVERY_MS) return
    typingTold = Date.now()
    showTyping(conversationId).catch((failure: unknown) => {
      // The customer misses three dots; nobody here needs to know.
      if (!(failure instanceof ApiError)) throw failure
    })
  }

  function quoteMessage({ id, text: said }: Message): void {
    quote.value = { id, text: said }
    chosenPrivately.value = false
  }

  /** The next message goes to the writer of this comment alone. */
  function answerPrivately(comment: Message): void {
    quoteMessage(comment)
    chosenPrivately.value = true
    note.value = false
  }

  function answerPublicly(): void {
    chosenPrivately.value = false
  }

  /** Send what is there; false when there is nothing that can be sent now. */
  function submit(): boolean {
    if (!canSend.value) return false
    const entry: Unsent = {
      ...draft.value,
      clientId: crypto.randomUUID(),
      at: new Date().toISOString(),
    }
    error.value = null
    typingTold = 0
    // The note stays a note: who writes two must not send the second to the customer.
    fill({ text: '', note: note.value, quote: null, privately: false, uploads: [] })
    void outbox.send(entry)
    submitted.value += 1
    return true
  }

  /**
   * The words come back to be changed, unless others were begun meanwhile: those are not mixed,
   * for one of them may be a note.
   */
  function refused(entry: Unsent, reason: ApiError): boolean {
    error.value = reason
    if (!isEmpty(draft.value) || files.value.length > 0) return false
    fill(entry)
    return true
  }

  /** Enter sends, but not while an input method (Telex, VNI) is still making a word of it. */
  function press(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return
    event.preventDefault()
    submit()
  }

  return {
    text,
    note,
    quote,
    privately,
    files,
    error,
    enabled,
    canSend,
    submitted,
    waiting: outbox.waiting,
    resend: outbox.resend,
    write,
    attach,
    remove,
    quoteMessage,
    answerPrivately,
    answerPublicly,
    submit,
    press,
  }
}

export type Composer = ReturnType<typeof useComposer>

function isComposing(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- Safari ends the word before this event; only 229 tells
  return event.isComposing || event.keyCode === 229
}
