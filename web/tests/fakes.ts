/** A server that answers fetch, and a live feed that a test speaks for. */
import { onTestFinished } from 'vitest'
import { effectScope } from 'vue'

import type { LiveFrame } from '@/api/types'

type Answer = (request: Request, url: URL) => unknown

/** Answers by "METHOD /path" in the order of arrival; keeps what was asked. */
export class FakeServer {
  readonly asked: string[] = []
  readonly bodies: unknown[] = []
  readonly #answers = new Map<string, Answer>()

  on(operation: string, answer: Answer): this {
    this.#answers.set(operation, answer)
    return this
  }

  install(): this {
    const real = globalThis.fetch
    globalThis.fetch = async (input) => {
      const request = input instanceof Request ? input : new Request(input)
      const url = new URL(request.url)
      this.asked.push(`${request.method} ${url.pathname}${url.search}`)
      const said = request.method === 'GET' ? '' : await request.clone().text()
      if (said !== '') this.bodies.push(JSON.parse(said))
      const answer = this.#answers.get(`${request.method} ${url.pathname}`)
      if (!answer) return problem(404, 'not_found')
      const body = await answer(request, url)
      return body instanceof Response ? body : Response.json(body)
    }
    onTestFinished(() => {
      globalThis.fetch = real
    })
    return this
  }
}

export function problem(status: number, code: string, detail = ''): Response {
  return Response.json({ type: 'about:blank', title: code, status, code, detail }, { status })
}

export class FakeFeed {
  readonly #listeners = new Set<(frame: LiveFrame) => void>()

  readonly listen = (listener: (frame: LiveFrame) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  say(frame: LiveFrame): void {
    this.#listeners.forEach((listener) => {
      listener(frame)
    })
  }
}

/** Runs a composable as a component would, until the test ends. */
export function within<T>(setup: () => T): T {
  const scope = effectScope()
  onTestFinished(() => {
    scope.stop()
  })
  return scope.run(setup) as T
}

/** An answer that the test gives when it wants to. */
export function later<T>(): { promise: Promise<T>; give: (value: T) => void } {
  let give: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    give = resolve
  })
  return { promise, give }
}
