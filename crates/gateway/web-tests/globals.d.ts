// Globals that cases define in the page.
/** axe-core, injected by `support/checks.js`. */
declare var axe: typeof import("axe-core");
/** Reports that a payload ran: `support/hostile-lab.js`. */
declare var hostileHit: (payload: number) => Promise<void>;
/** Lost when the page is loaded again. */
declare var loadMarker: boolean;
/** The next event of an `EventSource`. */
declare var nextEvent: Promise<{ id: string }>;
/** What the page notified of: `cases/notifications.js`. */
declare var notifications: {title: string, body: string, tag: string, click: () => void}[];
/** Whether the page is in the background: `cases/notifications.js`. */
declare var isInBackground: boolean;
/** A window that a foreign page opened. */
declare var openedWindow: Window | null;
