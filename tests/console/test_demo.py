import pytest

from tests.servers import Installation, status_of

pytestmark = pytest.mark.slow


def test_the_demo_flag_opens_nothing_on_a_database_of_care(house: Installation) -> None:
    web = house.web()
    assert status_of(web.url + "/demo/accounts") == 200

    house.execute("UPDATE core_installation SET purpose = 'care'")

    assert status_of(web.url + "/demo/accounts") == 404
