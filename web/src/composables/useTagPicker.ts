/** Finding a tag by typing: the catalogue without regard to accents, and at most one new name. */
import { computed, ref, type Ref } from 'vue'

import { ApiError } from '@/api/client'
import { fetchTags } from '@/api/tags'
import type { Tag } from '@/api/types'
import { fold } from '@/text/fold'

/** `kind` new: the text is no tag yet. `done`: the customer has it already. */
export type TagOption =
  | { kind: 'tag'; key: string; tag: Tag; done: boolean }
  | { kind: 'new'; key: string; name: string }

export interface TagPickerSource {
  text: Readonly<Ref<string>>
  attached: () => readonly Tag[]
}

export function useTagPicker({ text, attached }: TagPickerSource) {
  const catalogue = ref<Tag[]>([])
  const mayCreate = ref(false)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      const { items, may_create } = await fetchTags({ usage: false })
      catalogue.value = items
      mayCreate.value = may_create
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed'
    }
  }

  const options = computed<TagOption[]>(() => {
    const wanted = fold(text.value)
    const has = new Set(attached().map(({ id }) => id))
    const found = catalogue.value
      .filter((tag) => !tag.retired && fold(tag.name).includes(wanted))
      .map((tag): TagOption => ({ kind: 'tag', key: tag.id, tag, done: has.has(tag.id) }))
    return [...found, ...newOption(wanted)]
  })

  function newOption(wanted: string): TagOption[] {
    const known = catalogue.value.some(({ name }) => fold(name) === wanted)
    if (wanted === '' || known || !mayCreate.value || state.value !== 'ready') return []
    return [{ kind: 'new', key: 'new', name: text.value.trim().replace(/\s+/gu, ' ') }]
  }

  /** The text is the name of a tag that is offered no more. */
  const retired = computed(() => {
    const wanted = fold(text.value)
    return catalogue.value.some((tag) => tag.retired && fold(tag.name) === wanted)
  })

  return { options, retired, state, load }
}
