import os
import urllib.request
from urllib.parse import urlsplit

PORTS = {8080: urlsplit(os.environ["MAYFLY_SERVER"]).port, 2525: urlsplit(os.environ["SMTP_URL"]).port}


class DockerContainer:
    def __init__(self, image):
        assert image == "mayfly:local"

    def with_exposed_ports(self, *ports):
        assert ports == tuple(PORTS)
        return self

    def with_env(self, key, value):
        assert key.startswith("MAYFLY_")
        return self

    def waiting_for(self, strategy):
        self.probe = f"http://127.0.0.1:{PORTS[strategy.port]}{strategy.path}"
        return self

    def get_container_host_ip(self):
        return "127.0.0.1"

    def get_exposed_port(self, port):
        return PORTS[port]

    def __enter__(self):
        with urllib.request.urlopen(self.probe) as answer:
            assert answer.status == 200
        return self

    def __exit__(self, *_):
        pass
