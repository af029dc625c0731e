/** The keyboard of the inbox: one listener, and whoever can do something says so while it is there. */
import { inject, type InjectionKey, onScopeDispose, provide, readonly, type Ref, ref } from 'vue'

import { browserStorage } from '@/composables/browserStorage'
import { type KeyName, meaningOf } from '@/composables/keys'

export type KeyHandler = (key: string) => void

export interface Keys {
  /** Whether keys that write a sign do anything: who speaks to their computer turns them off. */
  letters: Readonly<Ref<boolean>>
  setLetters: (on: boolean) => void
  /** Whoever came last is asked. Returns the function that ends it. */
  on: (name: KeyName, handler: KeyHandler) => () => void
  /** As if the key had been pressed; whether somebody did something. */
  run: (name: KeyName, key: string) => boolean
  /** For whoever comes next and can do this: what is pressed for it is only being opened. */
  later: (name: KeyName, key: string) => void
}

const KEY: InjectionKey<Keys> = Symbol('keys')
const KEPT = 'letters'

/** Listen for the component that calls this and all below, for as long as it is there. */
export function provideKeys(): Keys {
  const keys = listenToKeys()
  provide(KEY, keys)
  return keys
}

export function listenToKeys(): Keys {
  const handlers = new Map<KeyName, KeyHandler[]>()
  const letters = ref(browserStorage()?.getItem(KEPT) !== 'off')
  let waiting: { name: KeyName; key: string } | null = null

  function on(name: KeyName, handler: KeyHandler): () => void {
    handlers.set(name, [...(handlers.get(name) ?? []), handler])
    if (waiting?.name === name) {
      const { key } = waiting
      waiting = null
      queueMicrotask(() => {
        handler(key)
      })
    }
    return () => {
      handlers.set(name, (handlers.get(name) ?? []).filter((one) => one !== handler))
    }
  }

  function run(name: KeyName, key: string): boolean {
    waiting = null
    const handler = handlers.get(name)?.at(-1)
    handler?.(key)
    return handler !== undefined
  }

  function press(event: KeyboardEvent): void {
    const meant = meaningOf(event, { letters: letters.value })
    if (meant !== null && run(meant.name, meant.key)) event.preventDefault()
  }

  window.addEventListener('keydown', press)
  onScopeDispose(() => {
    window.removeEventListener('keydown', press)
  })

  return {
    letters: readonly(letters),
    setLetters: (on) => {
      letters.value = on
      browserStorage()?.setItem(KEPT, on ? 'on' : 'off')
    },
    on,
    run,
    later: (name, key) => {
      waiting = { name, key }
    },
  }
}

/** Null where nothing listens to the keyboard: in the frame of another product. */
export function useKeys(): Keys | null {
  return inject(KEY, null)
}

/** Do this when the key is pressed, while the component that calls this is there. */
export function useKey(name: KeyName, handler: KeyHandler): void {
  const stop = useKeys()?.on(name, handler)
  if (stop) onScopeDispose(stop)
}
