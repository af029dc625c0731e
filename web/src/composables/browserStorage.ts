/** What this browser keeps for the page; a browser that keeps nothing is no reason to fail. */

/** None where the browser forbids it, for example inside another site's frame. */
export function browserStorage(): Storage | null {
  try {
    return window.localStorage
  } catch {
    return null
  }
}

/** Keep a value as JSON, or forget it with null; a full storage keeps what it had. */
export function keepJson(name: string, value: unknown): void {
  const storage = browserStorage()
  if (value === null) storage?.removeItem(name)
  else {
    try {
      storage?.setItem(name, JSON.stringify(value))
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
    }
  }
}

/** What was kept under this name; null when there is nothing, or nothing that can be read. */
export function keptJson(name: string): unknown {
  try {
    return JSON.parse(browserStorage()?.getItem(name) ?? 'null') as unknown
  } catch {
    return null
  }
}

export function keptNames(prefix: string): string[] {
  return Object.keys(browserStorage() ?? {}).filter((name) => name.startsWith(prefix))
}
