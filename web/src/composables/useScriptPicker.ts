/** Choosing several scripts by typing, without regard to accents. */
import { computed, ref, type Ref } from 'vue'

import type { OfferedScript } from '@/api/enrolments'
import { fold } from '@/text/fold'

export interface ScriptOption {
  script: OfferedScript
  chosen: boolean
  /** The customer is on it: it cannot be chosen. */
  running: boolean
}

export interface ScriptPickerSource {
  text: Readonly<Ref<string>>
  offered: () => readonly OfferedScript[]
  /** The ids of the scripts that the customer is on. */
  running: () => ReadonlySet<string>
}

export function useScriptPicker({ text, offered, running }: ScriptPickerSource) {
  const marked = ref<string[]>([])

  /** In the order in which they were chosen; what is offered no more has gone from it. */
  const chosen = computed(() => {
    const free = new Set(offered().map(({ id }) => id))
    return marked.value.filter((id) => free.has(id) && !running().has(id))
  })

  const options = computed<ScriptOption[]>(() => {
    const wanted = fold(text.value)
    return offered()
      .filter(({ name }) => fold(name).includes(wanted))
      .map((script) => ({
        script,
        chosen: chosen.value.includes(script.id),
        running: running().has(script.id),
      }))
  })

  function toggle({ script, chosen: was, running: runs }: ScriptOption): void {
    if (runs) return
    const others = marked.value.filter((id) => id !== script.id)
    marked.value = was ? others : [...others, script.id]
  }

  return { options, chosen, toggle }
}
