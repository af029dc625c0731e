/** A picture or a sound from a link that may be too old: then it is asked for anew, once. */
import { inject, type InjectionKey, ref, watch } from 'vue'

import { hasExpired } from '@/text/links'

/** Asks again for what is shown, whose links have expired. */
export const RENEW_LINKS: InjectionKey<() => void> = Symbol('renew links')

export function useLoadable(address: () => string | null | undefined) {
  const broken = ref(false)
  const renew = inject(RENEW_LINKS, () => undefined)

  watch(address, () => {
    broken.value = false
  })

  function failed(): void {
    broken.value = true
    if (hasExpired(address(), Date.now())) renew()
  }

  return { broken, failed }
}
