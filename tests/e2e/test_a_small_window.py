"""The smallest window that there is: what has to be read is not cut."""


def test_the_switch_of_views_is_whole_and_the_name_gives_way(story):
    view, name = story.find("explore-view"), story.find("model-name")
    story.window.resize(1440, 900)
    story.wait(name.isVisible)
    story.window.resize(story.window.minimumSize())
    story.wait(lambda: not name.isVisible())
    story.wait(lambda: view.width() >= view.sizeHint().width())
