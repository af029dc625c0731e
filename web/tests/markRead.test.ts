/** Marking as read: only what somebody really has before them, each time further, never twice. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import { useMarkRead } from '@/composables/useMarkRead'

import { FakeServer, problem, within } from './fakes'
import { aConversation } from './samples'

const READ = 'POST /api/v1/conversations/c1/read'

function lookAt({ seq, readSeq }: { seq: number; readSeq: number }) {
  const shown = ref(seq)
  const known = ref(readSeq)
  within(() => {
    useMarkRead('c1', shown, known)
  })
  return { shown, known }
}

function setVisible(visible: boolean): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visible ? 'visible' : 'hidden')
  document.dispatchEvent(new Event('visibilitychange'))
}

describe('marking a thread as read', () => {
  let server: FakeServer

  beforeEach(() => {
    server = new FakeServer().on(READ, () => aConversation()).install()
    vi.useFakeTimers()
    setVisible(true)
    return () => {
      vi.useRealTimers()
    }
  })

  test('tells how far, after a moment of looking', async () => {
    lookAt({ seq: 5, readSeq: 2 })
    expect(server.asked).toEqual([])

    await vi.advanceTimersByTimeAsync(1000)

    expect(server.bodies).toEqual([{ up_to_seq: 5 }])
  })

  test('says nothing when everything is read already', async () => {
    lookAt({ seq: 5, readSeq: 5 })

    await vi.advanceTimersByTimeAsync(5000)

    expect(server.asked).toEqual([])
  })

  test('waits until the page is visible', async () => {
    setVisible(false)
    lookAt({ seq: 5, readSeq: 2 })
    await vi.advanceTimersByTimeAsync(5000)
    expect(server.asked).toEqual([])

    setVisible(true)
    await vi.advanceTimersByTimeAsync(1000)

    expect(server.bodies).toEqual([{ up_to_seq: 5 }])
  })

  test('follows each new message once', async () => {
    const { shown } = lookAt({ seq: 5, readSeq: 2 })
    await vi.advanceTimersByTimeAsync(1000)

    shown.value = 6
    await nextTick()
    await vi.advanceTimersByTimeAsync(5000)

    expect(server.bodies).toEqual([{ up_to_seq: 5 }, { up_to_seq: 6 }])
  })

  test('tries again with the next message after a failure', async () => {
    server.on(READ, () => problem(503, 'unavailable'))
    const { shown } = lookAt({ seq: 5, readSeq: 2 })
    await vi.advanceTimersByTimeAsync(1000)

    shown.value = 6
    await nextTick()
    await vi.advanceTimersByTimeAsync(1000)

    expect(server.bodies).toEqual([{ up_to_seq: 5 }, { up_to_seq: 6 }])
  })
})
