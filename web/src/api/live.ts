/** The live feed: one WebSocket that resumes after the last frame it saw, for as long as needed. */
import type { LiveFrame } from '@/api/types'

export type LiveState = 'connecting' | 'open' | 'lost'
export type Device = 'desktop' | 'phone'
export type FrameListener = (frame: LiveFrame) => void

/** The part of a WebSocket that the feed needs, so that tests can be the server. */
export interface Socket {
  onopen: ((event: Event) => void) | null
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  send: (data: string) => void
  close: () => void
}

export interface LiveSettings {
  openSocket: (address: string) => Socket
  onState: (state: LiveState) => void
  /** A phone, whose screen goes dark in a pocket, counts as here for longer. */
  device: () => Device
  /** A number in [0, 1): spreads the returns of many browsers after a restart of the server. */
  random: () => number
}

const FIRST_RETRY_MS = 500 // doubles after each failure
const LONGEST_RETRY_MS = 15_000
const PING_AFTER_MS = 25_000 // of silence; the server answers each ping with a pong
const PONG_WITHIN_MS = 10_000 // else the socket is dead, whatever the browser thinks

/** Frames reach listeners in the feed's order; a repeated frame is harmless to them. */
export class LiveFeed {
  readonly #settings: LiveSettings
  readonly #listeners = new Set<FrameListener>()
  #socket: Socket | null = null
  #lastId: string | null = null
  #viewing: string | null = null
  #isOpen = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined

  constructor(settings: LiveSettings) {
    this.#settings = settings
  }

  /** Returns the function that ends the listening. */
  listen(listener: FrameListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    if (this.#socket === null && this.#retry === undefined) this.#connect()
  }

  stop(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#drop()
  }

  /** Tell colleagues which conversation is open here; null: none. Said again on every connection. */
  view(conversationId: string | null): void {
    if (conversationId === this.#viewing) return
    this.#viewing = conversationId
    if (this.#isOpen) this.#sayViewing()
  }

  /** Try again now instead of when the wait is over: the network came back. */
  hurry(): void {
    if (this.#retry === undefined) return
    clearTimeout(this.#retry)
    this.#connect()
  }

  #connect(): void {
    this.#retry = undefined
    if (this.#failures === 0) this.#settings.onState('connecting')
    const query = new URLSearchParams()
    if (this.#lastId !== null) query.set('after', this.#lastId)
    if (this.#settings.device() === 'phone') query.set('device', 'phone')
    const asked = query.size === 0 ? '' : `?${query.toString()}`
    const socket = this.#settings.openSocket(`/api/v1/live${asked}`)
    this.#socket = socket
    socket.onopen = () => {
      this.#failures = 0
      this.#isOpen = true
      if (this.#viewing !== null) this.#sayViewing()
      this.#settings.onState('open')
      this.#expectFrame()
    }
    socket.onmessage = (event) => {
      this.#expectFrame()
      this.#take(event.data)
    }
    socket.onclose = () => {
      this.#lose()
    }
  }

  #sayViewing(): void {
    this.#socket?.send(JSON.stringify({ type: 'viewing', conversation_id: this.#viewing }))
  }

  #take(data: unknown): void {
    if (typeof data !== 'string') return
    const parsed = JSON.parse(data) as LiveFrame | LiveFrame[]
    for (const frame of Array.isArray(parsed) ? parsed : [parsed]) this.#pass(frame)
  }

  #pass(frame: LiveFrame): void {
    const resumed = this.#lastId !== null
    if (frame.id) this.#lastId = frame.id
    if (frame.type === 'pong' || (frame.type === 'hello' && resumed)) return
    // What happened between the page's first reads and the first hello was seen by neither.
    const heard = frame.type === 'hello' ? { ...frame, type: 'resync' } : frame
    this.#listeners.forEach((listener) => {
      listener(heard)
    })
  }

  #lose(): void {
    this.#drop()
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS)
    this.#failures += 1
    this.#settings.onState('lost')
    this.#retry = setTimeout(
      () => {
        this.#connect()
      },
      wait / 2 + (wait / 2) * this.#settings.random(),
    )
  }

  #drop(): void {
    clearTimeout(this.#silence)
    const socket = this.#socket
    this.#socket = null
    this.#isOpen = false
    if (socket === null) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }

  #expectFrame(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      this.#socket?.send('{"type":"ping"}')
      this.#silence = setTimeout(() => {
        this.#lose()
      }, PONG_WITHIN_MS)
    }, PING_AFTER_MS)
  }
}

/** What is touched and has no mouse beside it is carried about, and sleeps. */
export function thisDevice(): Device {
  return window.matchMedia('(pointer: coarse) and (hover: none)').matches ? 'phone' : 'desktop'
}

export function openWebSocket(path: string): Socket {
  const address = new URL(path, window.location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(address)
}
