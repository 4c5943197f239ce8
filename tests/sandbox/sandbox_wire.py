"""A tiny client of the sandbox's own tests: what it writes is spelled out, so that it can be wrong."""

import http.client
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FIRST, SECOND, THIRD = "33639980001", "33639980002", "33639980003"
MEDIA = {
    "IMAGE": "<IMAGE>http://www.example.com/a.jpg</IMAGE>",
    "VIDEO": "<VIDEO><URL>http://www.example.com/a.3gp</URL><DUREE>12</DUREE></VIDEO>",
    "SON": "<SON><URL>http://www.example.com/a.mid</URL><DUREE>0</DUREE></SON>",
}


def encode(text, charset="utf-8"):
    """PHP's urlencode(), as section 1.1 wants it: Python leaves `~` alone."""
    return quote_plus(text, encoding=charset).replace("~", "%7E")


def write_flow(*numbers, msgclass="0", message="Bonjour", media="", options="", client="<CLIENT>SANDBOX</CLIENT>"):
    tags = "".join(f"<MOBILEPHONE>{number}</MOBILEPHONE>" for number in numbers or (FIRST,))
    kind = f"<MSGCLASS>{msgclass}</MSGCLASS>"
    return f"<DATA>{client}{options}{tags}{kind}<MESSAGE>{message}</MESSAGE>{media}</DATA>"


def write_body(flow, clientcode="sandbox", passcode="sandbox", charset="utf-8"):
    return f"clientcode={clientcode}&passcode={passcode}&XMLFlow={encode(flow, charset)}".encode("ascii")


def write_question(info="sandbox", clientcode="sandbox", passcode="sandbox"):
    return f"clientcode={clientcode}&passcode={passcode}&info={encode(info)}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Got:
    http_status: int
    body: bytes
    headers: dict[str, str]

    @property
    def lines(self):
        """Key -> value of every line; IDs keep only their first one."""
        pairs = (line.partition("=") for line in self.body.decode("utf-8").splitlines() if "=" in line)
        return {key: value for key, _, value in pairs}

    @property
    def status(self):
        return int(self.lines["Status"])

    @property
    def ids(self):
        text = self.body.decode("utf-8")
        return [part.partition("<")[0] for part in text.split("<MOBILEPHONE>")[1:]]


def open_connection(url, timeout=5):
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


def ask(connection, method, target, body=None, headers=FORM):
    connection.request(method, target, body=body, headers=headers)
    response = connection.getresponse()
    return Got(response.status, response.read(), dict(response.getheaders()))


def post(url, body, headers=FORM, timeout=5):
    connection = open_connection(url, timeout)
    try:
        return ask(connection, "POST", urlsplit(url).path, body, headers)
    finally:
        connection.close()


def send(sandbox, flow=None, **form):
    return post(sandbox.send_url, write_body(write_flow() if flow is None else flow, **form))


def ask_account(sandbox, **form):
    return post(sandbox.account_url, write_question(**form))
