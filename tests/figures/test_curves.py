from nlgan_tf.figures.curves import curves


def test_every_series_and_level_is_drawn_and_named():
    figure = curves("Losses", {"D": [3.0, 2.0, 1.0], "G": [0.5, 0.4, 0.3]}, {"best": (0.2, "G")})
    (axes,) = figure.axes
    first, second, level = axes.lines
    assert first.get_xdata().tolist() == [1, 2, 3]
    assert first.get_ydata().tolist() == [3.0, 2.0, 1.0]
    assert level.get_ydata() == [0.2, 0.2]
    assert level.get_color() == second.get_color() != first.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["D", "G", "best"]
