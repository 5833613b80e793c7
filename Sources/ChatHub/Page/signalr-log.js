export const LogLevel = Object.freeze({
  Trace: 0, Debug: 1, Information: 2, Warning: 3, Error: 4, Critical: 5, None: 6,
});

const levelsByName = {
  trace: 0, debug: 1, info: 2, information: 2, warn: 3, warning: 3, error: 4, critical: 5, none: 6,
};

const consoleMethods = ["debug", "debug", "info", "warn", "error", "error"];

/** A logger for a level, a level's name, or the logger that was given. */
export function loggerFor(logging) {
  if (typeof logging === "object") {
    return logging;
  }
  const minimum = typeof logging === "string" ? levelsByName[logging.toLowerCase()] : logging;
  if (minimum === undefined) {
    throw new Error(`Unknown log level: ${logging}`);
  }
  return {
    log(level, message) {
      if (level >= minimum && level < LogLevel.None) {
        console[consoleMethods[level]](`[${new Date().toISOString()}] SignalR: ${message}`);
      }
    },
  };
}
