/** Signing in from a frame: by a pop-up of ours, which hands a code to the frame that opened it. */

const SIGNED_IN = 'chat-inbox:signed-in'
export const POP_UP_PATH = '/frame-sign-in'

/** Tell the frame; false when no frame of ours has opened this window. */
export function tellOpener(code: string): boolean {
  const opener = window.opener as Window | null
  opener?.postMessage({ type: SIGNED_IN, code }, window.location.origin)
  return opener !== null
}

/** The code, once somebody has signed in there; null when the browser opens no pop-up for us. */
export function codeFromPopUp(): Promise<string> | null {
  const popUp = window.open(POP_UP_PATH, '_blank', 'popup,width=480,height=720')
  if (popUp === null) return null
  return new Promise((resolve) => {
    const hear = (event: MessageEvent): void => {
      if (event.source !== popUp || event.origin !== window.location.origin) return
      const said = event.data as { type?: unknown; code?: unknown } | null
      if (said?.type !== SIGNED_IN || typeof said.code !== 'string') return
      window.removeEventListener('message', hear)
      resolve(said.code)
    }
    window.addEventListener('message', hear)
  })
}
