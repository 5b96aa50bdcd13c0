import numpy as np
import pytest

from nlgan_tf.data.near_copies import NearCopies
from nlgan_tf.errors import InputError


def dots(*grey_levels: float) -> np.ndarray:
    """Images of one pixel, which lie on a line."""
    return np.array(grey_levels, np.uint8).reshape(-1, 1, 1, 1)


def test_a_ratio_of_distances_by_hand():
    # As if it were new, 0 is at 10 from 10, whose next is then at 20; 10 at 10 from 0, whose next is at 30; 30 at 20
    # from 10, whose next is at 10; and 100 at 70 from 30, whose next is at 20. The least ratio is 1/3.
    near = NearCopies(dots(0, 10, 30, 100), share=0.0)
    assert near.limit == pytest.approx(1 / 3, rel=1e-5)
    # From 100, whose own next is at 70, a copy is nearer than 70/3; from 0, at 10, nearer than 10/3.
    assert near(dots(78, 76, 3, 4, 100)).tolist() == [True, False, True, False, True]


def test_about_the_share_of_the_known_images_are_near_copies_of_the_others():
    images = np.random.default_rng(0).integers(0, 256, (200, 4, 4, 1)).astype(np.uint8)
    found = [NearCopies(np.delete(images, place, axis=0), 0.1)(images[place : place + 1])[0] for place in range(200)]
    assert 0.05 < np.mean(found) < 0.15


def test_a_crowded_kind_of_images_is_no_nearer_than_another():
    # Two kinds, one of them ten times as dense: as many of either are near copies, and by distance alone only of one.
    random = np.random.default_rng(1)
    crowded, sparse = 120 + random.normal(0, 2, (2, 300, 16)), 120 + random.normal(0, 20, (2, 300, 16))
    known, new = (
        np.concatenate(rows).reshape(-1, 4, 4, 1).astype(np.float32) for rows in zip(crowded, sparse, strict=True)
    )
    found = NearCopies(known, 0.2)(new)
    assert 0.1 < found[:300].mean() < 0.35
    assert 0.1 < found[300:].mean() < 0.35


def test_copies_are_found_beside_repeated_images_and_in_either_type():
    images = np.random.default_rng(2).integers(0, 256, (30, 4, 4, 3)).astype(np.uint8)
    near = NearCopies(np.concatenate([images, images]), 0.05)
    assert near(images).all()
    assert near(images.astype(np.float32)).all()
    assert near(images[:, ::-1, ::-1, ::-1]).mean() < 0.2


def test_distances_smaller_than_the_rounding_of_bright_images_count():
    # In float32, the squares of such images' lengths are rounded by more than the squares of their distances.
    images = np.full((4, 32, 32, 3), 250, np.float32)
    images[:, 0, 0, 0] -= np.array([0, 1, 3, 7]) / 4
    near = NearCopies(images, share=0.5)
    # As if each were new: 1/2, 1/3, 2 and 2; half way between the second and the third.
    assert near.limit == pytest.approx(5 / 4, rel=1e-3)


@pytest.mark.parametrize("levels", [(), (7,), (7, 7, 7), (7, 9), (7, 9, 9)])
def test_of_fewer_than_three_distinct_images_nothing_is_a_copy(levels):
    assert not NearCopies(dots(*levels), 0.05)(dots(7, 8, 200)).any()


def test_images_that_are_not_accepted_are_refused():
    with pytest.raises(InputError, match=r"^Expected images"):
        NearCopies(np.zeros((3, 4, 4, 1)) - 1, 0.05)
