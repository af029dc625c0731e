/** The time, as a ref that moves often enough for "5 minutes ago". */
import { onScopeDispose, ref, type Ref } from 'vue'

const STEP_MS = 15_000

const now = ref(new Date())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** One timer for the whole page, running only while something on it shows the time. */
export function useNow(): Readonly<Ref<Date>> {
  if (users === 0) {
    now.value = new Date()
    timer = setInterval(() => {
      now.value = new Date()
    }, STEP_MS)
  }
  users += 1
  onScopeDispose(() => {
    users -= 1
    if (users === 0) clearInterval(timer)
  })
  return now
}
