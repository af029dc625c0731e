/** The live feed: resuming, coming back after a loss, and what listeners hear. */
import { beforeEach, describe, expect, test, vi } from 'vitest'

import { type Device, LiveFeed, type LiveState, type Socket } from '@/api/live'

import { aFrame } from './samples'

class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  readonly sent: string[] = []
  closed = false

  constructor(readonly address: string) {}

  send(data: string): void {
    this.sent.push(data)
  }

  close(): void {
    this.closed = true
  }

  accept(): void {
    this.onopen?.(new Event('open'))
  }

  say(...frames: object[]): void {
    const data = JSON.stringify(frames.length === 1 ? frames[0] : frames)
    this.onmessage?.(new MessageEvent('message', { data }))
  }

  lose(): void {
    this.onclose?.(new CloseEvent('close'))
  }
}

const HELLO = aFrame({ id: 'f0', type: 'hello', conversation_id: null })
const PONG = aFrame({ id: null, type: 'pong', conversation_id: null })

function aFeed(device: Device = 'desktop') {
  const sockets: FakeSocket[] = []
  const states: LiveState[] = []
  const heard: string[] = []
  const feed = new LiveFeed({
    openSocket: (address) => {
      const socket = new FakeSocket(address)
      sockets.push(socket)
      return socket
    },
    onState: (state) => states.push(state),
    random: () => 1,
    device: () => device,
  })
  feed.listen((frame) => heard.push(`${frame.type} ${String(frame.id)}`))
  feed.start()
  const socket = (): FakeSocket => sockets.at(-1) ?? expect.fail('no socket was opened')
  return { feed, sockets, states, heard, socket }
}

describe('the live feed', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    return () => {
      vi.useRealTimers()
    }
  })

  test('passes frames on in their order, single or several in one message', () => {
    const { heard, socket } = aFeed()
    socket().accept()
    socket().say(HELLO)

    socket().say(aFrame({ id: 'f1' }))
    socket().say(aFrame({ id: 'f2' }), aFrame({ id: 'f3', type: 'message_changed' }))

    expect(heard.slice(1)).toEqual(['message_received f1', 'message_received f2', 'message_changed f3'])
  })

  test('has everything read again after the first hello, which nothing came before', () => {
    const { heard, socket } = aFeed()
    socket().accept()

    socket().say(HELLO)

    expect(heard).toEqual(['resync f0'])
  })

  test('comes back after the last frame it saw and does not read everything again', () => {
    const { heard, sockets, socket } = aFeed()
    socket().accept()
    socket().say(HELLO)
    socket().say(aFrame({ id: 'f 7' }))

    socket().lose()
    vi.advanceTimersByTime(500)
    socket().accept()
    socket().say({ ...HELLO, id: 'f 7' })

    expect(sockets.map(({ address }) => address)).toEqual(['/api/v1/live', '/api/v1/live?after=f+7'])
    expect(heard).toEqual(['resync f0', 'message_received f 7'])
  })

  test('says each time that it is a phone', () => {
    const { sockets, socket } = aFeed('phone')
    socket().accept()
    socket().say(HELLO)
    socket().lose()
    vi.advanceTimersByTime(500)

    expect(sockets.map(({ address }) => address)).toEqual([
      '/api/v1/live?device=phone',
      '/api/v1/live?after=f0&device=phone',
    ])
  })

  test('passes on that the server cannot resume', () => {
    const { heard, socket } = aFeed()
    socket().accept()
    socket().say(HELLO)
    socket().lose()
    vi.advanceTimersByTime(500)

    socket().say(aFrame({ id: 'f99', type: 'resync', conversation_id: null }))

    expect(heard.at(-1)).toBe('resync f99')
  })

  test('waits longer after each failure, but never longer than 15 seconds', () => {
    const { sockets, socket } = aFeed()
    const waits: number[] = []
    for (let failure = 0; failure < 8; failure += 1) {
      const opened = sockets.length
      socket().lose()
      let waited = 0
      while (sockets.length === opened) {
        vi.advanceTimersByTime(500)
        waited += 500
      }
      waits.push(waited)
    }

    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000])
  })

  test('says that it is lost until it is open again', () => {
    const { states, socket } = aFeed()
    socket().accept()
    socket().lose()
    vi.advanceTimersByTime(500)
    socket().lose()
    vi.advanceTimersByTime(1000)
    socket().accept()

    expect(states).toEqual(['connecting', 'open', 'lost', 'lost', 'open'])
  })

  test('pings a silent server and gives the socket up when no pong comes', () => {
    const { states, sockets, socket } = aFeed()
    socket().accept()
    const quiet = socket()

    vi.advanceTimersByTime(25_000)
    expect(quiet.sent).toEqual(['{"type":"ping"}'])
    quiet.say(PONG)
    vi.advanceTimersByTime(24_000)
    expect(states.at(-1)).toBe('open')
    vi.advanceTimersByTime(11_000)

    expect(states.at(-1)).toBe('lost')
    expect(quiet.closed).toBe(true)
    vi.advanceTimersByTime(500)
    expect(sockets).toHaveLength(2)
  })

  test('does not tell listeners of pongs', () => {
    const { heard, socket } = aFeed()
    socket().accept()

    socket().say(PONG)

    expect(heard).toEqual([])
  })

  test('tries at once when the network is back', () => {
    const { feed, sockets, socket } = aFeed()
    socket().lose()

    feed.hurry()

    expect(sockets).toHaveLength(2)
  })

  test('stays closed after it was stopped', () => {
    const { feed, sockets, socket } = aFeed()
    socket().lose()

    feed.stop()
    vi.advanceTimersByTime(60_000)

    expect(sockets).toHaveLength(1)
  })
})
