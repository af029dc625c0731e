/** What opens at the press of a button: when it closes, the focus goes back to the button. */
import { nextTick, ref } from 'vue'

export function useOpening<T extends string>() {
  const open = ref<T | null>(null)
  let opener: HTMLElement | null = null

  /** A second press of the same button closes it again. */
  function toggle(what: T, { currentTarget }: Event): void {
    open.value = open.value === what ? null : what
    if (currentTarget instanceof HTMLElement) opener = currentTarget
  }

  async function close(): Promise<void> {
    open.value = null
    await nextTick()
    opener?.focus()
  }

  return { open, toggle, close }
}
