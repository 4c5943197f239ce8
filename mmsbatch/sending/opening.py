"""Opens a record for a campaign: its first line, and whose it is."""

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.errors import Refusal
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import JournalOpened
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.sending.clock import Clock


def ensure_opened(
    book: RecordBook,
    campaign_file: str,
    *,
    settings: GatewaySettings,
    account: str,
    keeping: NumberKeeping,
    clock: Clock,
) -> None:
    """Write the journal's first line where there is none. Raises Refusal where the disk does not take it."""
    if book.record.opened is not None:
        return
    opened = JournalOpened(
        at=clock.stamp(),
        campaign=campaign_file,
        gateway=settings.name,
        send_url=settings.recorded_url,
        account=account,
        numbers=keeping.numbers,
        key_check=keeping.key_check,
    )
    try:
        book.append(opened)
    except OSError as error:
        raise Refusal(
            f"{book.paths.journal}: the record cannot be written: {error.strerror or type(error).__name__}",
            "make room, or the folder writable, then run again",
        ) from error
