"""A wire between a program and its database that can be cut at the worst moment."""

import contextlib
import socket
import threading

COMMIT = b"COMMIT\0"


class Wire:
    """Passes bytes both ways on loopback until told otherwise.

    Parameters
    ----------
    port : int
        The server's.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.cut = ""
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def close(self) -> None:
        """No more connections, not even for who waits at the door."""
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _let_in(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()

    def _pass(self, source, target, outwards) -> None:
        """Bytes one way. A cut hits the next COMMIT: "before" it reaches the server, or "after", its answer unheard."""
        try:
            while data := source.recv(65_536):
                if outwards and self.cut and COMMIT in data:
                    if self.cut == "for good":
                        self.close()
                    if self.cut != "before":
                        source.shutdown(socket.SHUT_RDWR)
                        target.sendall(data)
                    self.cut = ""
                    break
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
